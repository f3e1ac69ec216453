"""Inference: answers from an exported model, with ONNX Runtime and without Keras."""

from lensmith.inference.network import OnnxNetwork
from lensmith.inference.predictor import FilePrediction, Prediction, Predictor, image_files

__all__ = ["FilePrediction", "OnnxNetwork", "Prediction", "Predictor", "image_files"]
