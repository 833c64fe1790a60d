"""How is code that was written for Keras rewritten into code for PyTorch and this library?"""
