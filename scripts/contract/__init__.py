"""The topics of a deployment as one AsyncAPI document, made of the schemas and layouts that the code has."""
