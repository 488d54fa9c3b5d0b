"""Words, word forms and tables of Turkish and English that the generators share."""
