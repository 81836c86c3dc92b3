"""The commands of ``gridfacts``, a module for each chair; ``transforms.cli`` puts them together."""
