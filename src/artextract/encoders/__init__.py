"""Pretrained networks that embed images and titles."""
