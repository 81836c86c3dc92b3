"""What a newly trained model would do, and a named person's word that puts it in use."""
