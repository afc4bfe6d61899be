"""Fitting the factors to measurements: a robust, shrunken regression in logarithms, and its cross-validation."""
