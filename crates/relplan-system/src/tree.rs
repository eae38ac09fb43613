//! Files of the user's tree: opened without leaving it through links, regular files only, bounded by bytes read.
