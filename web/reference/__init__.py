"""The reference of the APIs: OpenAPI documents, made of what the views say of themselves and validate with."""
