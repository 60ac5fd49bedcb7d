//! Patterns, code lists, totals, SQL rules, check digits, outliers, drift, pseudonyms.
