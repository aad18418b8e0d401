"""The command line: words to calls of the other folders, one file for each verb."""
