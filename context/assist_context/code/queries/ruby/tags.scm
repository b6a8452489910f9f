; Ruby. Every `def` is a method; accessors are fields.
(module name: (constant) @name body: (_) @body) @def.module
(module name: (constant) @name) @def.module
(module name: (scope_resolution) @path body: (_) @body) @def.module
(class name: (constant) @name body: (_) @body) @def.class
(class name: (constant) @name) @def.class
(class name: (scope_resolution) @path body: (_) @body) @def.class
(method name: (_) @name body: (_) @body) @def.method
(method name: (_) @name) @def.method
(singleton_method name: (_) @name body: (_) @body) @def.method
(singleton_method name: (_) @name) @def.method
(assignment left: (constant) @name) @def.constant
((call method: (identifier) @_call arguments: (argument_list (simple_symbol) @name @def.field))
  (#any-of? @_call "attr_reader" "attr_writer" "attr_accessor"))

(call method: (identifier) @ref)
(call method: (constant) @ref)
(constant) @ref

((call method: (identifier) @_call arguments: (argument_list . (string) @module)) @import
  (#eq? @_call "require"))
((call method: (identifier) @_call arguments: (argument_list . (string) @module.file)) @import
  (#eq? @_call "require_relative"))

(comment) @comment
