"""How a stack file is read and checked, whatever its keys are: locations, wording, every mistake at once."""
