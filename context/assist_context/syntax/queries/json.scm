; JSON: the keys of the two outer levels; further in it is data.
(document (object (pair key: (string) @name) @def.key))
(document (object (pair value: (object (pair key: (string) @name) @def.key))))
