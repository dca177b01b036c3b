"""What similarity_eval shows of the spaces: maps, clusters, examples, outliers, figures."""
