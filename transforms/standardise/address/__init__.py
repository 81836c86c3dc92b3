"""Chinese address text → elements, by a gazetteer of the deployment and an own element grammar."""
