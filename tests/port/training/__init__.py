"""Are training, evaluation and prediction rewritten into PyTorch with the same results?"""
