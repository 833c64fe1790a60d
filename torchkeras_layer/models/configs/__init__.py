"""How are models written into configs, and made of them?"""
