"""Tests of the demand room."""
