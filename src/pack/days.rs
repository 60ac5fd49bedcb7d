//! Days as a page prints them.

use jiff::civil::Date;

/// A day as a page prints it: `14 July 2025`.
pub(super) fn day(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// A day whose year is plain from the page: `14 July`.
pub(super) fn day_month(day: Date) -> String {
    day.strftime("%-d %B").to_string()
}

/// The same where there is little room: `14 Jul`.
pub(super) fn short_day(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_read_as_people_say_them() {
        let fourth = date(2025, 7, 4);
        assert_eq!([day(fourth), day_month(fourth), short_day(fourth)].join("; "), "4 July 2025; 4 July; 4 Jul");
    }
}
