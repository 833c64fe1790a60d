"""What does the summary of a model show, and how is it printed?"""
