"""How is the graph of a model drawn?"""

from torchkeras_layer.models.drawing.plotting import model_to_dot, model_to_mermaid, plot_model

__all__ = ["model_to_dot", "model_to_mermaid", "plot_model"]
