//! Days as the simulator counts them: its own plain counting, which the engine's is held against.

use std::collections::BTreeSet;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Weekday, date, time},
};
use quarterday::domain::{civil_day, to_london};

/// Which days nobody works on.
#[derive(Clone)]
pub struct Days {
    pub holidays: BTreeSet<Date>,
    pub closures: BTreeSet<Date>,
}

impl Days {
    /// Holidays of the years that a simulation touches; closed between Christmas and New Year where `closes` says so.
    pub fn of(years: std::ops::RangeInclusive<i16>, closes: bool) -> Self {
        let (mut holidays, mut closures) = (BTreeSet::new(), BTreeSet::new());
        for year in years {
            let easter = easter(year);
            holidays.extend([date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]);
            holidays.extend([easter - 2.days(), easter + 1.day()]);
            holidays.insert(monday_on_or_after(date(year, 5, 1)));
            holidays.extend([monday_on_or_after(date(year, 5, 25)), monday_on_or_after(date(year, 8, 25))]);
            if closes {
                closures.extend((27..=31).map(|day| date(year, 12, day)));
            }
        }
        Self { holidays, closures }
    }

    pub fn is_working(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&day)
            && !self.closures.contains(&day)
    }

    /// The first working day on or after `day`.
    pub fn first(&self, mut day: Date) -> Date {
        while !self.is_working(day) {
            day = day.tomorrow().unwrap();
        }
        day
    }

    /// So many working days after `day`, or before it.
    pub fn after(&self, mut day: Date, count: i32) -> Date {
        for _ in 0..count.abs() {
            loop {
                day = if count < 0 { day.yesterday().unwrap() } else { day.tomorrow().unwrap() };
                if self.is_working(day) {
                    break;
                }
            }
        }
        day
    }

    /// Working days after `from`, up to `to` and with it.
    pub fn between(&self, from: Date, to: Date) -> i32 {
        let mut day = from;
        let mut count = 0;
        while day < to {
            day = day.tomorrow().unwrap();
            count += i32::from(self.is_working(day));
        }
        count
    }
}

/// A time of a day in London.
pub fn at(day: Date, hour: i8, minute: i8) -> Timestamp {
    day.to_datetime(time(hour, minute, 0, 0)).in_tz("Europe/London").unwrap().timestamp()
}

pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at + SignedDuration::from_secs(seconds)
}

pub fn day(at: Timestamp) -> Date {
    civil_day(at)
}

/// The hour of the day in London.
pub fn hour(at: Timestamp) -> i8 {
    to_london(at).hour()
}

fn monday_on_or_after(mut day: Date) -> Date {
    while day.weekday() != Weekday::Monday {
        day = day.tomorrow().unwrap();
    }
    day
}

/// Easter Sunday, after Gauss.
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    date(year as i16, (sum / 31) as i8, (sum % 31 + 1) as i8)
}
