"""The HTTP service: one module per resource, errors as problem documents, bodies read strictly."""
