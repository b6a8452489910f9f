; Markdown: sections by their headings, with the paragraph after each. The grammar starts no section
; at an underlined heading.
(section (atx_heading heading_content: (_) @name)) @def.section
(setext_heading heading_content: (_) @name) @def.section
(section . (atx_heading heading_content: (_) @name) . (paragraph) @doc)
((setext_heading heading_content: (_) @name) . (paragraph) @doc)
