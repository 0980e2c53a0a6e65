"""Networks whose weights are measured levels: data, quantization, models, training."""
