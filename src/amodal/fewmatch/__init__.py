"""Few matches: closed-form maps and starts, their penalties chosen by leave-one-out error."""
