"""Reading media files: probing, decoding and cutting into fragments, within limits."""
