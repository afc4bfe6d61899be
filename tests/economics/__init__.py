"""Tests of the cost of ownership."""
