"""The commands, one file each: arguments -> source -> audit -> format -> exit code. Only here anything is printed."""
