"""Rendering: records as tables, pictures and a page. Nothing here computes a result."""
