"""What can be measured of a sound or a picture, and the moods that are read from it."""
