; JSON: the keys of the two outer levels; deeper keys are data.
(document (object (pair key: (string) @name) @def.key))
(document (object (pair value: (object (pair key: (string) @name) @def.key))))
