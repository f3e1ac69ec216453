"""Keras classes that Keras lacks: what fast training needs, under the names of the Keras modules they belong to.

A recipe names them like Keras' own. Importing a module of this package imports Keras, so Keras must have been
started. None of them is ever saved: `lensmith.models.plain` puts Keras' own in their place.
"""
