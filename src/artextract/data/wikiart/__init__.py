"""The source of task 1: ArtGAN's lists and WikiArt's images."""
