//! Real clients install what the driver published, and the laws hold in the folder.
