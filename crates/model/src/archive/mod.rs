//! Containers: archives and compression layers, whose members are scanned in place and never unpacked to disk.
