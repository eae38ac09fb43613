//! Tables and golden texts of the cargo driver.
