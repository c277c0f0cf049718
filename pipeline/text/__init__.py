"""Words: stems, numbers and sentences, wording for people, and text that is safe in a spreadsheet."""
