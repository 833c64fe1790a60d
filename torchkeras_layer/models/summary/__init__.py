"""What stands in the summary of a model, and how is it printed?"""
