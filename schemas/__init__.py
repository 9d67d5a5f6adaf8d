"""Wire formats: Avro schemas with every kept version, the codec and the compatibility check."""
