"""The type checker of the tests: beartype, for which whole numbers are numbers too."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
