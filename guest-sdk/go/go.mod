module rondo

go 1.27
