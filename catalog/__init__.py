"""The catalog: what exists in the field of inference hardware, each number with its source."""
