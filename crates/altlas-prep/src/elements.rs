//! Arrays of numbers as columns: the element of the array `a` at place `i`, from 1, is the column `a[i]`.

/// The most elements of an array.
pub const MAX_ELEMENTS: usize = 4096;

/// The name of the column of an element.
pub fn element_name(array: &str, place: usize) -> String {
    format!("{array}[{place}]")
}

/// The array and the place that a column's name stands for.
pub fn element_place(column: &str) -> Option<(&str, usize)> {
    let (array, place) = column.strip_suffix(']')?.rsplit_once('[')?;
    let digits = !array.is_empty() && !place.starts_with('0') && place.bytes().all(|b| b.is_ascii_digit());
    let place: usize = place.parse().ok().filter(|place| digits && *place <= MAX_ELEMENTS)?;
    Some((array, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_array_and_place() {
        assert_eq!(element_place(&element_name("a b", 12)), Some(("a b", 12)));
        assert_eq!(element_place("a[1][2]"), Some(("a[1]", 2)));
        for other in ["a", "a[]", "a[0]", "a[01]", "a[+1]", "a[x]", "[1]", "a[1] ", "a[4097]"] {
            assert_eq!(element_place(other), None, "{other}");
        }
    }
}
