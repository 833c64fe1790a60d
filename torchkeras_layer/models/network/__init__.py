"""What is a model of calls as data, how is it read off the nodes, checked, called and turned into code?"""
