"""The study: what each loss, the shared state and the unmatched things are worth, with evidence."""
