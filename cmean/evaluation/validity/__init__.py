"""Whether emotions are right, where people have labelled the items."""
