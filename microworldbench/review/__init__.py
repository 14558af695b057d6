"""The experts' workbench: studies in a browser, and what is made of the answers.

``studies`` holds what is asked, ``sheets`` what one page asks and takes, ``store`` the log of answers and who may give
them, ``web`` the pages, ``revision`` the rules by which experts change a rubric, ``merge`` the result of a study, and
``exchange`` the way in and out of other tools.
"""
