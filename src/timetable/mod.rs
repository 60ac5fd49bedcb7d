//! timetable
