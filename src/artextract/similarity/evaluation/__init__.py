"""Views of the embedding spaces for similarity_eval: maps, clusters, examples, outliers and figures."""
