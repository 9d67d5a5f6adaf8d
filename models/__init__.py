"""The interest encoder: network, training, export, the ONNX session and the folder registry."""
