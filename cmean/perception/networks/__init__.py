"""Small networks that come with ordinary packages: read from their files, made into ONNX graphs."""
