"""A human judge: triplets of works, a page on which people answer them, and how well spaces agree with the answers."""
