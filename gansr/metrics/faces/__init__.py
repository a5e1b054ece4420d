"""Does the face stay the same?"""
