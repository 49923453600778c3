"""Whether claims hold: the rule, what is known of each claim, and the readings of each, grouped by subject."""
