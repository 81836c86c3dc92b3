"""Named errors by the column they strike; departments import all of them from `demo.errors`."""
